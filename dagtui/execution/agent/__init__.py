"""The far side of attempts on other machines: standard library only, Python 3.8 or newer, shipped as one zip file."""
