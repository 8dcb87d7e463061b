SET ROLE burnish_owner;
SET LOCAL search_path = burnish;
DROP TRIGGER follow_sharing ON workspaces;
DROP FUNCTION publish_statistics(date), two_digits(double precision), follow_sharing(), marketplace_due(integer, integer), version_sums(uuid, text, integer), count_clone(uuid),
              marketplace_search(text, text, text, text[], text);
DROP TABLE platform_statistics, statistics_members, marketplace_entries;
RESET ROLE;
SET LOCAL search_path = public;
