/** Who keeps one version, as somebody chooses it. */
export const UNIT_CHOICES = [
  { value: "end_user", label: "each end user (user_id)" },
  { value: "session", label: "each session (session_id)" },
  { value: "execution", label: "each call for itself" },
] as const;
