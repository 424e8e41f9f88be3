from videostyle import errors


def test_every_error_is_one_that_the_command_line_tells() -> None:
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    assert len(found) == 8
    for error in found:
        assert issubclass(error, errors.VideostyleError)
        assert error.__name__ in (errors.__doc__ or "")
