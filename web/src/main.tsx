import { render } from 'preact';

import { start } from './live/state';
import './page.css';
import { Page } from './parts/page';

const root = document.getElementById('page');
if (root !== null) render(<Page />, root);
start();
