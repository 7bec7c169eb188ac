/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, loadEnv } from 'vite';

/** Where `vite dev` finds a Baton server; `BATON_URL` in the environment or in `.env.local`. */
const SERVER = 'http://127.0.0.1:8080';

export default defineConfig(({ mode }) => {
  const server = process.env.BATON_URL ?? loadEnv(mode, '.', 'BATON_').BATON_URL ?? SERVER;
  // The dev server is another origin than Baton; to Baton the request is made to look like its own.
  const toServer = {
    target: server,
    changeOrigin: true,
    headers: { origin: server },
  };
  return {
    base: '/admin/',
    plugins: [react()],
    resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
    server: {
      host: '127.0.0.1',
      port: 5173,
      proxy: { '/api': toServer, '/healthz': toServer, '/spec': toServer },
    },
    build: {
      // The first that know light-dark(), which is then left as it is written.
      target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
      // An inline script would break the content security policy.
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      // scripts/size.mjs reads it and removes it.
      manifest: true,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1000,
    },
    test: {
      environment: 'happy-dom',
      setupFiles: ['src/testing/setup.ts'],
      css: false,
      // Machines that do something else besides are slow, not wrong.
      testTimeout: 30_000,
      restoreMocks: true,
    },
  };
});
