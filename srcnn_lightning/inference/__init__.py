"""What a trained network is used for; free of Lightning and Hydra."""
