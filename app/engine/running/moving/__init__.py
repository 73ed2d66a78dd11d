"""An operator moves a token, or corrects what a process knows: with a reason, and never past what the law asks for."""
