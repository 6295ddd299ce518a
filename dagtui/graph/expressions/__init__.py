"""Placeholders: parsing them, what they may name, and filling them in."""
