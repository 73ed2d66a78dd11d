"""Today (今日): what a leader looks at first."""
