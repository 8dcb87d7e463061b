SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

REVOKE DELETE ON workspace_models FROM burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
