import express from 'express';

const app = express();
const port = Number(process.env.PORT ?? 3000);

app.use(express.json());
app.use(express.static('public'));

// The preview is ready once this answers 200.
app.get('/health', (_request, response) => {
  response.json({ status: 'ok' });
});

app.get('/api/hello', (request, response) => {
  const name = String(request.query.name || 'world');
  response.json({ message: `Hello, ${name}!`, time: new Date().toISOString() });
});

const server = app.listen(port, '0.0.0.0', () => {
  console.log(`Listening on port ${port}`);
});

process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
