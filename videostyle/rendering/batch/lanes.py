"""Several pieces of work at once, each in a thread, while one thread alone decides, and calls what the user gave."""

from collections.abc import Callable
from contextlib import suppress
from math import inf
from queue import Empty, SimpleQueue
from threading import Thread, get_ident
from time import monotonic
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")
MakeError = Callable[[], BaseException]
PAUSE = 0.1
"""seconds between looks at whether lanes that must end have ended"""
PATIENCE = 2.0
"""most seconds that they have if the thread that began them was interrupted"""


class Lane:
    """A thread that works, and has the thread that began it do what only one may do at a time."""

    def __init__(self, work: "Callable[[Lane], None]", asked: "SimpleQueue[_Question[object] | None]") -> None:
        self.error: BaseException | None = None
        """what ended it early"""
        self.ended = False
        self._work, self._asked = work, asked
        self._question: _Question[object] | None = None
        """what it has asked for, and waits for"""
        self._ending: MakeError | None = None
        self._other = get_ident()
        """the thread that began it"""
        self.thread = Thread(target=self._run, name="lane", daemon=True)

    def call(self, function: Callable[[], T], always: bool = False) -> T:
        """Have the other thread call a function. Raises what the function raises.

        Called in the lane, or in such a function. always: even if the lane was told to end; otherwise it ends here.
        """
        if get_ident() == self._other:
            return function()
        return self._ask(_Question(function, always=always))

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true, which the other thread finds out from time to time."""
        self._ask(_Question(condition, condition))

    def end(self, error: MakeError) -> None:
        """Have it end with an error as soon as it asks for something. Called in the other thread."""
        self._ending = error
        if (question := self._question) and not question.always:
            question.refuse(error())

    def answer_last(self) -> None:
        """Do what is always done for a lane that was told to end. Called in the other thread."""
        if (question := self._question) and question.always:
            question.answer()

    def _ask(self, question: "_Question[T]") -> T:
        if self._ending and not question.always:
            raise self._ending()
        self._question = question  # type: ignore[assignment]
        if self._ending and not question.always:  # told so in the meantime
            raise self._ending()
        self._asked.put(question)  # type: ignore[arg-type]
        return question.result()

    def _run(self) -> None:
        try:
            self._work(self)
        except BaseException as error:  # raised again by who began it
            self.error = error
        self._question, self.ended = None, True
        self._asked.put(None)


class Lanes:
    """The lanes of one thread, as a context: if it is left early, they end first.

    An interrupt of this thread does not wait for a lane that asks for nothing, and a further one waits for none: such
    lanes end when they ask for something, or with the program.
    """

    def __init__(self) -> None:
        self.lanes: list[Lane] = []
        self._asked = SimpleQueue[_Question[object] | None]()
        self._waiting: list[_Question[object]] = []
        """what lanes wait for"""
        self._error: BaseException | None = None
        """what has ended a lane early"""

    def begin(self, work: Callable[[Lane], None]) -> None:
        """Let another lane work."""
        lane = Lane(work, self._asked)
        self.lanes.append(lane)
        lane.thread.start()

    def serve(self, seconds: float) -> None:
        """Do the next thing that a lane asks for; wait at most so long for it. Raises what has ended a lane early."""
        with suppress(Empty):
            if question := self._asked.get(timeout=max(0.0, seconds)):
                self._waiting.append(question)
        self._waiting = [question for question in self._waiting if not question.answer()]
        for lane in [lane for lane in self.lanes if lane.ended]:
            lane.thread.join()
            self.lanes.remove(lane)
            if lane.error:
                self._error = lane.error
                raise lane.error

    def end(self, error: MakeError) -> None:
        """Have all lanes end with an error."""
        for lane in self.lanes:
            lane.end(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        own = isinstance(error, KeyboardInterrupt) and error is not self._error  # nobody waits long for that
        end = monotonic() + PATIENCE if own else inf
        while (alive := [lane for lane in self.lanes if lane.thread.is_alive()]) and monotonic() < end:
            for lane in alive:
                lane.end(KeyboardInterrupt)
                lane.answer_last()
            with suppress(Empty):
                self._asked.get(timeout=PAUSE)


class _Question(Generic[T]):
    """What a lane wants to have done, and what comes of it."""

    def __init__(
        self, function: Callable[[], T], condition: Callable[[], bool] | None = None, always: bool = False
    ) -> None:
        self.always = always
        self._function, self._condition = function, condition
        self._result = SimpleQueue[tuple[T | None, BaseException | None]]()
        self._answered = False

    def answer(self) -> bool:
        """Do it, unless it has to wait. Returns whether it is done."""
        if self._answered:
            return True
        try:
            if self._condition and not self._condition():
                return False
            self._put(self._function(), None)
        except BaseException as error:
            self._put(None, error)
        return True

    def refuse(self, error: BaseException) -> None:
        """Do not do it."""
        self._put(None, error)

    def result(self) -> T:
        """Wait for what comes of it. Raises what it has raised."""
        value, error = self._result.get()
        if error:
            raise error
        return value  # type: ignore[return-value]

    def _put(self, value: T | None, error: BaseException | None) -> None:
        self._answered = True
        self._result.put((value, error))
