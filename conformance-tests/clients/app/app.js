// Finishes the launch; the test works with `client` from then on.
FHIR.oauth2.ready().then(
  (client) => { window.client = client; document.title = 'ready'; },
  (error) => { document.title = `failed: ${error.message}`; },
);
