-- The columns go with 0125: nothing is to be done here.
SET LOCAL search_path = public;
