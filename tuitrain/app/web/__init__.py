"""The app in a browser: the server behind `tuitrain serve`."""
