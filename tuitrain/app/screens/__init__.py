"""All screens: the deck, dialogs, inspector screens, the choice of runs, help, log, settings."""
