"""What a frame should look like. The only room that knows torch; tensors never leave it."""
