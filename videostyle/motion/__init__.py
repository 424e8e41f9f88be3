"""What changes between two frames. The only room that imports OpenCV and PySceneDetect."""
