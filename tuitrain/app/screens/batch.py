from .seeing import SeeingScreen
class BatchScreen(SeeingScreen): pass
