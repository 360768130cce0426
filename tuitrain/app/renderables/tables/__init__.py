"""Tables and lists: groups, network, journal, log, past runs, branches."""
