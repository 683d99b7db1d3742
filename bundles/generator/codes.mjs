// Clinical vocabulary: what each key of the stories means in LOINC, SNOMED CT, ICD-10, ATC and UCUM.
// A LOINC display is left out where it changed between releases; the text says what is meant.

// text, LOINC, display, unit, UCUM, decimal places, female range, male range (one range: both)
const analyte = (text, loinc, display, unit, ucum, places, female, male = female) =>
  ({ text, loinc, display, unit, ucum, places, female, male });

const NONE = [undefined, undefined];

export const ANALYTES = {
  amh: analyte('AMH', '38476-8', 'Mullerian inhibiting substance [Mass/volume] in Serum or Plasma', 'ng/mL', 'ng/mL', 2, ['1.00', '5.00']),
  fsh: analyte('FSH', '15067-2', 'Follitropin [Units/volume] in Serum or Plasma', 'IU/L', '[IU]/L', 1, ['3.5', '12.5'], ['1.5', '12.4']),
  lh: analyte('LH', '10501-5', 'Lutropin [Units/volume] in Serum or Plasma', 'IU/L', '[IU]/L', 1, ['2.4', '12.6'], ['1.7', '8.6']),
  e2: analyte('Oestradiol', '2243-4', 'Estradiol (E2) [Mass/volume] in Serum or Plasma', 'pg/mL', 'pg/mL', 0, ['20', '150'], ['11', '43']),
  p4: analyte('Progesterone, mid-luteal', '2839-9', 'Progesterone [Mass/volume] in Serum or Plasma', 'ng/mL', 'ng/mL', 1, ['3.0', '25.0']),
  prolactin: analyte('Prolactin', '2842-3', 'Prolactin [Mass/volume] in Serum or Plasma', 'ng/mL', 'ng/mL', 1, ['4.8', '23.3'], ['4.0', '15.2']),
  tsh: analyte('TSH', '3016-3', 'Thyrotropin [Units/volume] in Serum or Plasma', 'mIU/L', 'm[IU]/L', 2, ['0.40', '4.00']),
  ft4: analyte('Free T4', '3024-7', 'Thyroxine (T4) free [Mass/volume] in Serum or Plasma', 'ng/dL', 'ng/dL', 2, ['0.93', '1.70']),
  testosterone: analyte('Testosterone', '2986-8', 'Testosterone [Mass/volume] in Serum or Plasma', 'ng/mL', 'ng/mL', 2, ['0.08', '0.48'], ['2.49', '8.36']),
  hcg: analyte('β-hCG', '21198-7', 'Choriogonadotropin.beta subunit [Units/volume] in Serum or Plasma', 'mIU/mL', 'm[IU]/mL', 1, [undefined, '5.0']),
  haemoglobin: analyte('Haemoglobin', '718-7', 'Hemoglobin [Mass/volume] in Blood', 'g/dL', 'g/dL', 1, ['12.0', '15.5'], ['13.5', '17.5']),
  haematocrit: analyte('Haematocrit', '4544-3', 'Hematocrit [Volume Fraction] of Blood by Automated count', '%', '%', 1, ['36.0', '46.0'], ['40.0', '51.0']),
  leukocytes: analyte('Leukocytes', '6690-2', 'Leukocytes [#/volume] in Blood by Automated count', '10*3/uL', '10*3/uL', 1, ['4.0', '10.0']),
  platelets: analyte('Platelets', '777-3', 'Platelets [#/volume] in Blood by Automated count', '10*3/uL', '10*3/uL', 0, ['150', '400']),
  mcv: analyte('MCV', '787-2', 'Erythrocyte mean corpuscular volume [Entitic volume] by Automated count', 'fL', 'fL', 1, ['80.0', '96.0']),
  glucose: analyte('Glucose, fasting', '1558-6', 'Fasting glucose [Mass/volume] in Serum or Plasma', 'mg/dL', 'mg/dL', 0, ['70', '99']),
  hba1c: analyte('HbA1c', '4548-4', 'Hemoglobin A1c/Hemoglobin.total in Blood', '%', '%', 1, ['4.0', '5.6']),
  creatinine: analyte('Creatinine', '2160-0', 'Creatinine [Mass/volume] in Serum or Plasma', 'mg/dL', 'mg/dL', 2, ['0.50', '0.90'], ['0.70', '1.20']),
  alt: analyte('ALT', '1742-6', 'Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma', 'U/L', 'U/L', 0, ['10', '35'], ['10', '50']),
  albumin: analyte('Albumin', '1751-7', 'Albumin [Mass/volume] in Serum or Plasma', 'g/dL', 'g/dL', 1, ['3.5', '5.2']),
  sodium: analyte('Sodium', '2951-2', 'Sodium [Moles/volume] in Serum or Plasma', 'mmol/L', 'mmol/L', 0, ['136', '145']),
  potassium: analyte('Potassium', '2823-3', 'Potassium [Moles/volume] in Serum or Plasma', 'mmol/L', 'mmol/L', 1, ['3.5', '5.1']),
  ferritin: analyte('Ferritin', '2276-4', 'Ferritin [Mass/volume] in Serum or Plasma', 'ng/mL', 'ng/mL', 0, ['15', '150'], ['30', '400']),
  vitaminD: analyte('25-hydroxyvitamin D (D2 + D3)', '62292-8', undefined, 'ng/mL', 'ng/mL', 1, ['20.0', '60.0']),
  rubella: analyte('Rubella IgG (from 10 IU/mL: immune)', '5334-8', undefined, 'IU/mL', '[IU]/mL', 0, ['10', undefined]),
  volume: analyte('Semen volume', '3160-9', 'Volume of Semen', 'mL', 'mL', 1, NONE, ['1.4', undefined]),
  concentration: analyte('Sperm concentration', '9780-8', 'Spermatozoa [#/volume] in Semen', '10*6/mL', '10*6/mL', 1, NONE, ['16.0', undefined]),
  motile: analyte('Total motility', '6800-7', 'Spermatozoa Motile/100 spermatozoa in Semen', '%', '%', 0, NONE, ['42', undefined]),
  progressive: analyte('Progressive motility', '14194-5', 'Spermatozoa Progressive/100 spermatozoa in Semen', '%', '%', 0, NONE, ['30', undefined]),
  vitality: analyte('Vitality', '10613-8', 'Spermatozoa Viable/100 spermatozoa in Semen', '%', '%', 0, NONE, ['54', undefined]),
  normal: analyte('Normal forms', '10622-9', 'Spermatozoa Normal/100 spermatozoa in Semen', '%', '%', 0, NONE, ['4', undefined]),
  abstinence: analyte('Sexual abstinence', '10587-4', 'Sexual abstinence duration', 'd', 'd', 0, NONE, ['2', '7']),
};

/** Answered present or absent. */
export const PRESENCE = {
  hbsag: { text: 'HBs antigen', loinc: '5196-1', display: 'Hepatitis B virus surface Ag [Presence] in Serum or Plasma by Immunoassay' },
  hcv: { text: 'Hepatitis C antibodies', loinc: '13955-0', display: 'Hepatitis C virus Ab [Presence] in Serum or Plasma by Immunoassay' },
  hiv: { text: 'HIV 1/2 antibodies and p24 antigen', loinc: '56888-1', display: 'HIV 1+2 Ab+HIV1 p24 Ag [Presence] in Serum or Plasma by Immunoassay' },
  syphilis: { text: 'Treponema pallidum antibodies', loinc: '24110-9', display: 'Treponema pallidum Ab [Presence] in Serum by Immunoassay' },
};

export const BLOOD_GROUPS = {
  A: ['112144000', 'Blood group A'], B: ['112149005', 'Blood group B'],
  AB: ['165743006', 'Blood group AB'], O: ['58460004', 'Blood group O'],
};

// text, SNOMED CT, ICD-10
export const CONDITIONS = {
  'primary-infertility': ['Primary female infertility', ['5084002', 'Primary female infertility'], 'N97.9'],
  'secondary-infertility': ['Secondary female infertility', ['30238006', 'Secondary female infertility'], 'N97.9'],
  'tubal-infertility': ['Female infertility of tubal origin', ['39446004', 'Female infertility of tubal origin'], 'N97.1'],
  'anovulatory-infertility': ['Female infertility of anovulatory origin', ['266609001', 'Female infertility of anovulatory origin'], 'N97.0'],
  'diminished-reserve': ['Infertility due to diminished ovarian reserve', ['427547007', 'Female infertility due to diminished ovarian reserve'], 'N97.8'],
  'male-infertility': ['Male infertility', ['2904007', 'Male infertility'], 'N46'],
  azoospermia: ['Azoospermia', ['48188009', 'Azoospermia'], 'N46'],
  varicocele: ['Varicocele, left, grade II', ['51070004', 'Varicocele'], 'I86.1'],
  pcos: ['Polycystic ovary syndrome', ['237055002', 'Polycystic ovary syndrome'], 'E28.2'],
  'ovarian-endometriosis': ['Endometriosis of ovary', ['266589005', 'Endometriosis of ovary'], 'N80.1'],
  endometriosis: ['Endometriosis', ['129103003', 'Endometriosis'], 'N80.9'],
  'ovarian-failure': ['Primary ovarian insufficiency', ['237788002', 'Premature ovarian failure'], 'E28.3'],
  hydrosalpinx: ['Hydrosalpinx, right', ['21711003', 'Hydrosalpinx'], 'N70.1'],
  'intramural-fibroid': ['Intramural fibroid of uterus, 4 cm', ['93616000', 'Intramural leiomyoma of uterus'], 'D25.1'],
  'uterine-polyp': ['Polyp of corpus uteri', ['11314008', 'Polyp of corpus uteri'], 'N84.0'],
  'recurrent-miscarriage': ['Recurrent miscarriage', ['102878001', 'Recurrent miscarriage'], 'N96'],
  miscarriage: ['Miscarriage', ['17369002', 'Miscarriage'], 'O03.9'],
  'breast-cancer': ['Breast cancer, left, before chemotherapy', ['254837009', 'Malignant neoplasm of breast'], 'C50.9'],
  'testicular-cancer': ['Testicular cancer, right', ['363449006', 'Malignant tumor of testis'], 'C62.9'],
  ohss: ['Ovarian hyperstimulation syndrome, moderate', ['129635004', 'Ovarian hyperstimulation syndrome'], 'N98.1'],
  hypothyroidism: ['Hypothyroidism', ['40930008', 'Hypothyroidism'], 'E03.9'],
  'subclinical-hypothyroidism': ['Subclinical hypothyroidism', ['54823002', 'Subclinical hypothyroidism'], 'E03.9'],
  hyperprolactinaemia: ['Hyperprolactinaemia', ['237662005', 'Hyperprolactinemia'], 'E22.1'],
  'thalassaemia-trait': ['Beta thalassaemia trait', ['269175006', 'Beta thalassemia trait'], 'D56.3'],
  'sickle-cell-trait': ['Sickle cell trait', ['16402000', 'Sickle cell trait'], 'D57.3'],
  'iron-deficiency-anaemia': ['Iron deficiency anaemia', ['87522002', 'Iron deficiency anemia'], 'D50.9'],
  'vitamin-d-deficiency': ['Vitamin D deficiency', ['34713006', 'Vitamin D deficiency'], 'E55.9'],
  obesity: ['Obesity', ['414916001', 'Obesity'], 'E66.9'],
  asthma: ['Asthma', ['195967001', 'Asthma'], 'J45.9'],
  'hay-fever': ['Hay fever', ['21719001', 'Allergic rhinitis caused by pollen'], 'J30.1'],
  migraine: ['Migraine', ['37796009', 'Migraine'], 'G43.9'],
};

// text, SNOMED CT, category, type
export const ALLERGENS = {
  none: ['No known allergy', ['716186003', 'No known allergy']],
  penicillin: ['Penicillin', ['764146007', 'Substance with penicillin structure'], 'medication', 'allergy'],
  aspirin: ['Acetylsalicylic acid', ['387458008', 'Aspirin'], 'medication', 'intolerance'],
  latex: ['Latex', ['111088007', 'Latex'], 'environment', 'allergy'],
  'grass-pollen': ['Grass pollen', ['256277009', 'Grass pollen'], 'environment', 'allergy'],
  peanut: ['Peanut', ['762952008', 'Peanut'], 'food', 'allergy'],
  lactose: ['Lactose', ['47703008', 'Lactose'], 'food', 'intolerance'],
  'wasp-venom': ['Wasp venom', ['256440004', 'Wasp venom'], 'environment', 'allergy'],
};

export const REACTIONS = {
  hives: ['126485001', 'Urticaria'], anaphylaxis: ['39579001', 'Anaphylaxis'], itching: ['418290006', 'Itching'],
  rash: ['271807003', 'Eruption of skin'], dyspnoea: ['267036007', 'Dyspnea'], bloating: ['116289008', 'Abdominal bloating'],
};

export const ROUTES = {
  oral: ['26643006', 'Oral route'], subcutaneous: ['34206005', 'Subcutaneous route'],
  vaginal: ['16857009', 'Vaginal route'],
};

// text, ATC, ATC name, dose, unit, UCUM, route, times a day, instruction
const drug = (text, atc, name, dose, unit, ucum, route, frequency, instruction) =>
  ({ text, atc, name, dose, unit, ucum, route, frequency, instruction });

export const DRUGS = {
  'folic-acid': drug('Folic acid 0.4 mg tablet', 'B03BB01', 'folic acid', '0.4', 'mg', 'mg', 'oral', 1, 'one tablet every day'),
  levothyroxine: drug('Levothyroxine 50 µg tablet', 'H03AA01', 'levothyroxine sodium', '50', 'µg', 'ug', 'oral', 1, 'one tablet in the morning, fasting'),
  metformin: drug('Metformin 500 mg tablet', 'A10BA02', 'metformin', '500', 'mg', 'mg', 'oral', 2, 'one tablet with breakfast and dinner'),
  letrozole: drug('Letrozole 2.5 mg tablet', 'L02BG04', 'letrozole', '5.0', 'mg', 'mg', 'oral', 1, 'two tablets on cycle days 3 to 7'),
  clomifene: drug('Clomifene 50 mg tablet', 'G03GB02', 'clomifene', '50', 'mg', 'mg', 'oral', 1, 'one tablet on cycle days 3 to 7'),
  follitropin: drug('Follitropin alfa, prefilled pen', 'G03GA05', 'follitropin alfa', '75', 'IU', '[IU]', 'subcutaneous', 1, '75 IU every evening, from cycle day 3 as told after each scan'),
  choriogonadotropin: drug('Choriogonadotropin alfa 250 µg', 'G03GA08', 'choriogonadotropin alfa', '250', 'µg', 'ug', 'subcutaneous', 1, 'once, at the exact time given by the clinic'),
  progesterone: drug('Progesterone 200 mg vaginal capsule', 'G03DA04', 'progesterone', '200', 'mg', 'mg', 'vaginal', 2, 'one capsule in the morning and one at bedtime'),
  estradiol: drug('Estradiol 2 mg tablet', 'G03CA03', 'estradiol', '2', 'mg', 'mg', 'oral', 1, 'one tablet every day'),
  dydrogesterone: drug('Dydrogesterone 10 mg tablet', 'G03DB01', 'dydrogesterone', '10', 'mg', 'mg', 'oral', 2, 'one tablet morning and evening'),
  cabergoline: drug('Cabergoline 0.5 mg tablet', 'G02CB03', 'cabergoline', '0.5', 'mg', 'mg', 'oral', 1, 'one tablet in the evening'),
  colecalciferol: drug('Colecalciferol 1000 IU tablet', 'A11CC05', 'colecalciferol', '1000', 'IU', '[IU]', 'oral', 1, 'one tablet every day'),
  iron: drug('Ferrous sulfate, 100 mg iron, tablet', 'B03AA07', 'ferrous sulfate', '100', 'mg', 'mg', 'oral', 1, 'one tablet before breakfast'),
  enoxaparin: drug('Enoxaparin 40 mg prefilled syringe', 'B01AB05', 'enoxaparin', '40', 'mg', 'mg', 'subcutaneous', 1, 'one syringe every evening'),
  aspirin: drug('Acetylsalicylic acid 100 mg tablet', 'B01AC06', 'acetylsalicylic acid', '100', 'mg', 'mg', 'oral', 1, 'one tablet in the evening'),
  cetirizine: drug('Cetirizine 10 mg tablet', 'R06AE07', 'cetirizine', '10', 'mg', 'mg', 'oral', 1, 'one tablet in the evening when needed'),
  paracetamol: drug('Paracetamol 500 mg tablet', 'N02BE01', 'paracetamol', '500', 'mg', 'mg', 'oral', 3, 'one tablet when in pain, at most three a day'),
};

// text, SNOMED CT (left out where no code is certain)
export const PROCEDURES = {
  'contrast-sonography': ['Hysterosalpingo-contrast sonography'],
  hysteroscopy: ['Diagnostic hysteroscopy'],
  polypectomy: ['Hysteroscopic removal of a polyp of the uterus'],
  'endometrial-biopsy': ['Endometrial biopsy', ['386802000', 'Endometrial biopsy']],
  'insemination-partner': ['Intrauterine insemination with partner sperm', ['426389008', 'Intrauterine insemination using partner sperm']],
  'insemination-donor': ['Intrauterine insemination with donor sperm', ['426250000', 'Intrauterine insemination using donor sperm']],
  counselling: ['Psychosocial counselling', ['171022008', 'Psychological counseling']],
  'genetic-counselling': ['Genetic counselling', ['79841006', 'Genetic counseling']],
  orchiectomy: ['Radical orchiectomy, right', ['77670007', 'Radical unilateral orchiectomy']],
  salpingectomy: ['Salpingectomy, left', ['86894005', 'Unilateral salpingectomy']],
  caesarean: ['Caesarean section', ['11466000', 'Cesarean section']],
  appendicectomy: ['Laparoscopic appendicectomy', ['6025007', 'Laparoscopic appendectomy']],
  'hernia-repair': ['Repair of inguinal hernia', ['44558001', 'Repair of inguinal hernia']],
};

export const SMOKING = {
  never: ['266919005', 'Never smoked tobacco'], former: ['8517006', 'Ex-smoker'], daily: ['449868002', 'Smokes tobacco daily'],
};
