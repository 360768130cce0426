"""The engines that runs drive, behind one interface."""
