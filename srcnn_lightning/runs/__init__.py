"""One run: what is asked for, what makes it the same as another, where it lives, doing it."""
