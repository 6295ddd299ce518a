"""The screen: a Textual app that draws a run and turns keys into commands."""
