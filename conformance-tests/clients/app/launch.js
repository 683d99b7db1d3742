// Starts the app: what the test wants is in the query beside `iss` and `launch`.
const asked = new URLSearchParams(location.search);
FHIR.oauth2.authorize({
  clientId: 'clients-test',
  scope: asked.get('wanted') ?? sessionStorage.getItem('wanted'),
  redirectUri: new URL('.', location.href).href,
}).catch((error) => { document.title = `failed: ${error.message}`; });
