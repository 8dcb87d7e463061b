-- A model of a workspace's own can be removed, so that the operator's of the same name is called again. Its prices stay.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT DELETE ON workspace_models TO burnish_app;

RESET ROLE;
SET LOCAL search_path = public;
