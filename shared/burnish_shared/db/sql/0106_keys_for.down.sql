SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION has_keys_for(text[]);

RESET ROLE;
SET LOCAL search_path = public;
