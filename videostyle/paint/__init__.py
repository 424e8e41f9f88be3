"""What a frame should look like. The only room that knows torch and torchvision; tensors never leave it."""
