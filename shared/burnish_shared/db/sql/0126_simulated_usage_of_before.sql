-- Days that were closed before the count of simulated executions (0125), in a transaction that keeps nobody from reading: it looks through
-- executions. A day's rows say which provider was used; end users do not, so those of such days are counted again.
SET ROLE burnish_owner;
SET LOCAL search_path = burnish;

UPDATE usage_days SET simulated = executions WHERE provider IN (SELECT provider FROM providers v WHERE v.simulated);
UPDATE usage_user_days u SET simulated = least(n.simulated, u.executions)
  FROM (SELECT d.workspace_id, d.day, coalesce(e.end_user, '') AS end_user, count(*) AS simulated
          FROM (SELECT DISTINCT workspace_id, day FROM usage_days WHERE simulated > 0) d
          JOIN executions e ON e.workspace_id = d.workspace_id AND e.execution_id >= day_bound(d.day) AND e.execution_id < day_bound(d.day + 1) AND e.simulated
         GROUP BY 1, 2, 3) n
 WHERE u.workspace_id = n.workspace_id AND u.day = n.day AND u.end_user = n.end_user;

RESET ROLE;
SET LOCAL search_path = public;
