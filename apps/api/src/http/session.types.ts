/** A person who has signed in. */
export type Session = {
  /** SHA-256 in hex of the API key it was begun with. */
  readonly keyHash: string;
  /** Whether to act at the board of queues, or only to look. */
  readonly wantsWrite: boolean;
  /** What each form of this session carries; a page of another site cannot know it. */
  readonly formToken: string;
};
