import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react(), tailwindcss()],
  server: {
    // The preview is reached through a proxy under a name of its own, so every host is a right one.
    host: true,
    allowedHosts: true,
    port: 3000,
    strictPort: true,
  },
});
