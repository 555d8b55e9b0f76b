import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The views have no node_modules of their own here; a Grafana plugin that has must not bring a second React.
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { dedupe: ['react', 'react-dom'] },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', sourcemap: false },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': 'http://127.0.0.1:7040' },
  },
});
