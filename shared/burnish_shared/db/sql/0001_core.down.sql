-- Everything of ours goes with its schema. Roles stay: other databases of the cluster may use them.
SET ROLE burnish_owner;
DROP SCHEMA burnish CASCADE;
RESET ROLE;
