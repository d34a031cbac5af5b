"""The client: what did the person ask for, and how is the answer shown?"""
