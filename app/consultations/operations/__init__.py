"""What people and processes write about consultations. None of it commits."""
