-- What was taken over stays until its column goes.
SELECT 1;
