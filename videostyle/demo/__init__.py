"""Something to try the program on: a short film, its sound and an artwork, drawn by arithmetic."""
