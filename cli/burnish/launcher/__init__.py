"""`burnish up`: starts the servers and the services in order, keeps them running, stops them in order."""
