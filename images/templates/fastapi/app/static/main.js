const form = document.querySelector('#hello');
const answer = document.querySelector('#answer');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const name = new FormData(form).get('name');
  try {
    const response = await fetch(`/api/hello?name=${encodeURIComponent(name)}`);
    answer.textContent = JSON.stringify(await response.json(), null, 2);
  } catch (error) {
    answer.textContent = `The request failed: ${error.message}`;
  }
});
