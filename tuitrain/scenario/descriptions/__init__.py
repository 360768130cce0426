"""What data holds, described for the command `tuitrain data`."""
