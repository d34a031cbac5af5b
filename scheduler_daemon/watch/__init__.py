"""What has changed in the files that a task watches?"""
