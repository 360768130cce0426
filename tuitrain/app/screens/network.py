from .seeing import SeeingScreen
class NetworkScreen(SeeingScreen): pass
