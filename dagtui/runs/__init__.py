"""Live, followed and recorded runs, and how a run starts or resumes."""
