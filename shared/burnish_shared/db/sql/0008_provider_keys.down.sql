SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

DROP FUNCTION read_from_vault(uuid, uuid), forget_in_vault(uuid, uuid, integer), keep_in_vault(uuid, uuid, integer, text), vault_name(uuid, uuid, integer);
ALTER TABLE providers DROP COLUMN needs_key;
DROP FUNCTION announce_platform_keys(text[]);
DROP TABLE platform_keys, provider_keys;
DROP TABLE kek_check, installation_secrets;
RESET ROLE;
SET LOCAL search_path = public;
