"""All logs of a run on one page, merged in time order."""
