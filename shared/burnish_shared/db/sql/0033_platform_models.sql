-- The operator describes the platform's models over the API; every price that they had stays, as a workspace's own do.

SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

GRANT INSERT, UPDATE ON platform_models TO burnish_app;             -- the route asks for the operator
COMMENT ON TABLE platform_models IS 'system table, writer: gateway, for the operator';

CREATE TABLE platform_model_prices (
  model         text NOT NULL REFERENCES platform_models,
  price_version text NOT NULL,
  prices        jsonb NOT NULL,
  set_by        text NOT NULL,
  set_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (model, price_version));
CALL make_system_table('platform_model_prices', app => 'SELECT, INSERT', worker => '', writer => 'gateway, for the operator');
INSERT INTO platform_model_prices (model, price_version, prices, set_by, set_at)
SELECT model, price_version, jsonb_build_object('input_nusd_per_million', input_price_nusd_per_million,
         'cached_input_nusd_per_million', coalesce(cached_input_price_nusd_per_million, input_price_nusd_per_million), 'output_nusd_per_million', output_price_nusd_per_million),
       'system:migration', created_at
  FROM platform_models WHERE input_price_nusd_per_million IS NOT NULL AND output_price_nusd_per_million IS NOT NULL;

RESET ROLE;
SET LOCAL search_path = public;
