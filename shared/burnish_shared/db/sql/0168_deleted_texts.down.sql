SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION delete_texts(uuid), set_metadata(uuid, jsonb);

RESET ROLE;
SET LOCAL search_path = public;
