/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Of `vite dev` only: an API key that is sent with every call, for servers without sign-in. */
  readonly VITE_BATON_KEY?: string;
}
