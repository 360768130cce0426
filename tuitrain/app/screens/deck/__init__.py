"""The main screen over a run or a recording, composed of controllers."""
