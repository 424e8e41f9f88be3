"""What changes between two frames. The only room that knows OpenCV and PySceneDetect."""
