"""Opening the app: on a scenario, a script, a record, a live run, or the start screen."""
