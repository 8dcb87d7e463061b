SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP TABLE platform_model_prices;
REVOKE INSERT, UPDATE ON platform_models FROM burnish_app;
COMMENT ON TABLE platform_models IS 'system table, writer: operator';
RESET ROLE;
SET LOCAL search_path = public;
