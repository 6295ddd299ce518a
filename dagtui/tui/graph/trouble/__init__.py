"""The view Trouble: what is wrong, with the lines that say why, and what it blocks."""
