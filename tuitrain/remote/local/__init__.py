"""The live runs of this user on this machine: the folder of their sockets, and how one is found."""
